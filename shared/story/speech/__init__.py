"""How texts are spoken: which words, how long they take, and what of them fits. Pure."""
