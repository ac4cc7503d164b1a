"""Seeds: their sources, how they are read and stored, and the record of them."""
