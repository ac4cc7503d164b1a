"""The rooms in docs/architecture.md, drawn from the import contract and the imports."""
