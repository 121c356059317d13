"""What must hold before an install: checks as records, run at once, printed in order."""
