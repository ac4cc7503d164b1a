"""What makes tables: from models, with apart what may fail, and what stands in their way."""
