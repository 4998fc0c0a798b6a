"""A merged model as other programs take it: GGUF, Ollama, LMDeploy, vLLM; and the gate that they answer alike."""
