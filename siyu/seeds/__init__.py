"""What people edit: contracts, reference tables, rules."""
