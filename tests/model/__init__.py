"""The machine and its journal against small models of what must be true."""
