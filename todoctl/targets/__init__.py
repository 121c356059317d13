"""Where images and objects go: one interface, one module per kind of cluster."""
