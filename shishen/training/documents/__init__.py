"""Any document as training data: its text in passages, and what is asked of them held against the source."""
