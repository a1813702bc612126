"""The API of the money, a module per paper: what is asked, what is answered, and the calls."""
