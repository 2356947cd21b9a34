"""How functions of the user are found, called, and understood by their arguments."""
