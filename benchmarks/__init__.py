"""Benchmarks: what initdb costs, beside what people use for the same, measured in one run."""
