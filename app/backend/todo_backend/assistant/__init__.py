"""The assistant: tasks in plain words, by a model where there is a key and by rules where there is none."""
