"""Pictures, videos and 3D models of products: where they are and what they are for, not the files themselves."""
