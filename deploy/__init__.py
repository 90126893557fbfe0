"""What runs Sohoa's surroundings. Never imported by the product."""
