"""Training of an autoencoder by Keras: steps, targets, and the terms of the loss."""
