"""An application's first rows: their sources, how they are read and stored, and the ledger of them."""
