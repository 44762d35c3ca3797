"""Reviews: what customers think of products, the same in the store and on the web, and the mean of it."""
