"""What the field is made of: frozen values and the rules they keep."""
