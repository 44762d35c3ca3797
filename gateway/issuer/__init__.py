"""The built-in issuer: staff who sign in here, for development and small shops.

`model` accounts and what they may be, `passwords` argon2id beside the loop, `signing` the tokens, `store` where
accounts, sessions and attempts lie, `actions` what happens to them, `schema` how the graph asks for it.
"""
