"""The journal: event types, canonical form, hash chain, append, read, verify, baton, spool."""
