"""What the host writes when something is wrong: the incidents that are put into the last part of the period."""
