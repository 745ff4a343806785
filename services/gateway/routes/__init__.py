"""The routes, by what they are about: decode, call one function, encode. No logic lives here."""
