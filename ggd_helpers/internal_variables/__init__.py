"""Internal variables: from many realisations to a few numbers (`encoder`) and back (`decoders`), and the `model`."""
