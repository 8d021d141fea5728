"""What programs read: documents, event streams, reports and tables."""
