"""How a purchase becomes points: rules with versions, which never change once an entry names them."""
