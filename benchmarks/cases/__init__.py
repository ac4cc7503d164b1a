"""The benchmarks, by what they are about."""
