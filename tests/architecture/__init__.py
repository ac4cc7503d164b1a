"""The rooms of the code as docs/architecture.md draws them, from the import contract and the imports."""
