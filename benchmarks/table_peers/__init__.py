"""The estimator of data frames beside the methods of SDV and scikit-learn, on real tables."""
