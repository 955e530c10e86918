"""How good is a trained model? A `report`, `measures` of it, and the `freedoms` that data leave open in a pair."""
