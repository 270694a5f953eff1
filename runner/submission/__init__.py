"""The submission folder `<division>/<org>/{systems,code,results}`: described, built, audited."""
