"""The report kit: plan what to run, run it, make the page, put it on the shelf."""

import sys

# jsonschema, which every notebook library loads, would compile a grammar for two seconds that nothing here uses
sys.modules.setdefault("rfc3987_syntax", None)
