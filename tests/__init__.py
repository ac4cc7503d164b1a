"""The tests of initdb: one folder a layer, named as the layer."""
