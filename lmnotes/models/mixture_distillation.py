"""A loss that teaches a model the next-token distributions of another: the baseline that designed
weights are compared with."""


class Distillation:
    """The loss sum_v p_teacher log(p_teacher / p) of each position, mean in nats per token."""

    def __init__(self, teacher: str, device: str):
        from transformers import AutoModelForCausalLM

        self.teacher = AutoModelForCausalLM.from_pretrained(teacher).to(device).eval()

    def __call__(self, logits, ids):
        """The mean over B sequences of T positions: logits (B, T, V), ids (B, 1 + T)."""
        import torch

        with torch.no_grad():
            wanted = self.teacher(input_ids=ids[:, :-1], use_cache=False).logits.float()
        if wanted.shape != logits.shape:
            raise ValueError(
                f"the teacher has {wanted.shape[-1]} ids and the student {logits.shape[-1]}; "
                "expected one vocabulary: distil into a student with the teacher's tokenizer, or "
                "design weights, which need one number per text"
            )
        wanted, found = (one.flatten(0, 1).log_softmax(-1) for one in (wanted, logits))
        return torch.nn.functional.kl_div(found, wanted, log_target=True, reduction="batchmean")
