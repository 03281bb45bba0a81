"""What is wrong or odd about suite files, found without the platform."""
