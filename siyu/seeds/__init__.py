"""Files that people edit: channel contracts, reference tables, rules."""
