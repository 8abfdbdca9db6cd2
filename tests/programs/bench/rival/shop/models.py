"""The tables that fulfillment touches, with the columns and indexes it needs."""

from django.db import models


class Organization(models.Model):
    name = models.CharField(max_length=120)


class Purchase(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT)
    session_id = models.CharField(max_length=120, unique=True)
    quantity = models.PositiveIntegerField()
    total_amount = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    buyer_email = models.EmailField()
    status = models.CharField(max_length=9, default="open")
    paid_at = models.DateTimeField(null=True)
    receipt_number = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("organization", "receipt_number"), name="receipt_is_unique"
            ),
        )


class LicenseEntry(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT)
    quantity = models.IntegerField()
    reference = models.CharField(max_length=80, unique=True)
    created_at = models.DateTimeField()


class Activity(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT)
    verb = models.CharField(max_length=40)
    data = models.JSONField()
    at = models.DateTimeField()


class Notification(models.Model):
    recipient = models.EmailField()
    kind = models.CharField(max_length=40)
    data = models.JSONField()
    created_at = models.DateTimeField()
