"""The tests of initdb, a folder for each part of the product. tests/README.md says what each proves."""
