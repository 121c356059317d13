"""What the verbs beside `install` do, one recipe a module. A recipe works on an Installation."""
