"""The machine and its journal, compared with small models of what must be true."""
