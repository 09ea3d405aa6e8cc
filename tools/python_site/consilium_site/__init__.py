"""A site of a consilium federation in Python: the protocol of docs/wire_format.md with grpcio and numpy, for hospitals that
train with a program of their own. Research use only: this is no medical device."""
