"""`initdb doctor`: each problem is brought about for real, read, and mended by what is printed."""
