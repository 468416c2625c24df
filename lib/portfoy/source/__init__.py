"""Files, databases and portfoy.toml become checked tables."""
