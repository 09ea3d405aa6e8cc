"""Adapters between a training program and the protocol."""
