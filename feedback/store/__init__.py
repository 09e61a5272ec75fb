"""What is kept, and how it is read and written: tables, and one file an area of the data."""
