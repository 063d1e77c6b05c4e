"""The OpenAPI description: what each call needs, takes, answers and refuses.

`operations` describes calls as the router makes them, `finish` adds what all of them have in
common, and `examples` fills in what a person may send as it stands.
"""
