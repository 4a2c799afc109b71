"""What every sample will be, decided before a pixel is drawn."""
