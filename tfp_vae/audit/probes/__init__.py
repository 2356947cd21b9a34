"""A loss as a function to be measured: its inputs, its values, and fits of them."""
