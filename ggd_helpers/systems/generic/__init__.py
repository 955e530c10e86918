"""Systems that conserve energy and raise entropy: oscillators with friction, a motor, a bar that yields, two gases."""
