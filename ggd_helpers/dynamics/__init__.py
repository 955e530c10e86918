"""Laws of motion: what they have in common (`law`), the pair of potentials (`gradient`), driven pairs (`driven`)."""
