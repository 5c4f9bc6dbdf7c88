"""Models on images of any size: their functions, and the tiles of an image."""
