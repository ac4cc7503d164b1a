"""The command line, in this process where that is enough, in a real one where the process matters."""
