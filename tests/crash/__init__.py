"""The crash-test harness: runs stopped at every point, resumed once, and compared with uninterrupted ones."""
