"""The kinds of data set that are scored: which attributes each has, and how the protocol's points become codes."""
