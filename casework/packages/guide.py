"""The README of an evidence file: how to check it without Sohoa, in Vietnamese and English."""

from __future__ import annotations

from casework.packages.report import ValidationReport

_TEXT = """\
HỒ SƠ CHỨNG CỨ / EVIDENCE FILE
Mã hồ sơ / Dossier: {dossier}
Đơn vị / Unit: {unit}
Lập bởi / Made by: {software}

================================================================ TIẾNG VIỆT
Gói này theo chuẩn BagIt 1.0 (RFC 8493) và tự chứng minh được, không cần Sohoa.

Trong gói
  data/components/      tệp đã ký, đúng từng byte; tên: số thứ tự . bản . mã thành phần
  data/transfer-notes/  phiếu chuyển giao đọc từ chính các tệp đó
  data/manifest/        các bảng kê của hồ sơ
  data/validation/      kết luận: summary.pdf (cho người đọc{signed_vi}), report.json (cho máy)
  data/ledger/          seals/ niêm phong từng ngày của sổ cái; proofs/ chứng minh;
                        events.json các sự kiện của hồ sơ này
  data/readers.json     ai đã xem hồ sơ, lúc nào (mã tài khoản và vai trò)
  data/locks.json       kho khoá từng tệp đến khi nào
  data/trust/           chứng thư gốc mà đơn vị này tin cậy (chỉ để tham khảo)

Cách kiểm tra
  1. Gói nguyên vẹn: trong thư mục của tệp này chạy
         sha256sum --check --quiet manifest-sha256.txt tagmanifest-sha256.txt
     Không in gì là đạt. (Hoặc dùng một công cụ BagIt bất kỳ.)
  2. Chữ ký: pdfsig data/components/TÊN.pdf
     hoặc mở bằng Adobe Reader hay phần mềm ký số của ngành. Xin tự lấy chứng thư gốc từ nơi
     cấp và so với data/trust/: đừng tin chứng thư gốc chỉ vì nó nằm trong gói.
  3. Tệp đúng là tệp đã ghi: sha256 của tệp phải có trong bảng kê mới nhất (data/manifest/).
{verifier_vi}\
Sự kiện sau ngày niêm phong cuối cùng chưa có mốc neo: report.json ghi là "pending".
{damaged_vi}
==================================================================== ENGLISH
This is a BagIt 1.0 bag (RFC 8493). It can be checked without Sohoa.

Contents
  data/components/      signed files, byte for byte; named ordinal . revision . component code
  data/transfer-notes/  facts of the capture, read from those files
  data/manifest/        the dossier's manifests
  data/validation/      verdicts: summary.pdf (for people{signed_en}), report.json (for machines)
  data/ledger/          seals/ of the ledger's days; proofs/; events.json: this dossier's events
  data/readers.json     who read the dossier, and when (account ids and roles)
  data/locks.json       until when the archive locks each file
  data/trust/           roots that this office trusts (for reference only)

How to check
  1. The bag is whole: in this file's folder run
         sha256sum --check --quiet manifest-sha256.txt tagmanifest-sha256.txt
     Silence is good. (Any BagIt tool will do as well.)
  2. Signatures: pdfsig data/components/NAME.pdf
     or a PDF reader. Get the root certificates from their issuer and compare them with
     data/trust/: a root is not to be trusted because it is in the bag.
  3. A file is the recorded one: its SHA-256 stands in the newest manifest (data/manifest/).
{verifier_en}\
Events after the last sealed day are not anchored yet: report.json says "pending".
{damaged_en}"""

_VERIFIER_VI = """\
  4. Sổ cái: cần Python 3.9 trở lên và gói "cryptography"; giải thích: thêm --help
         python3 data/tools/prove_ledger.py data/ledger/seals \\
           --proof data/ledger/proofs/MÃ_BĂM.SỐ.json --file data/components/TÊN.pdf
     Có dấu thời gian (.tsr) thì thêm --ca CHỨNG_THƯ_GỐC_CỦA_NƠI_CẤP_DẤU.pem
"""
_VERIFIER_EN = """\
  4. The ledger: needs Python 3.9 or later and the package "cryptography"; --help explains
         python3 data/tools/prove_ledger.py data/ledger/seals --lang en \\
           --proof data/ledger/proofs/DIGEST.SEQ.json --file data/components/NAME.pdf
     Where there are timestamps (.tsr), add --ca ROOT_OF_THEIR_AUTHORITY.pem
"""
_DAMAGED_VI = """
CHÚ Ý: có tệp đã ghi nhận mà kho không còn giữ đúng; tệp đó không có trong gói, xem report.json.
"""
_DAMAGED_EN = """
NOTE: the archive no longer holds some recorded files as recorded; they are not enclosed, see
report.json.
"""


def guide(report: ValidationReport, *, signed: bool, verifier: bool) -> str:
    """The text of README.txt.

    Args:
        report: what is enclosed.
        signed: the summary carries a signature.
        verifier: the ledger's verifier is enclosed.
    """
    return _TEXT.format(
        dossier=report.dossier_code,
        unit=report.unit,
        software=report.software,
        signed_vi=", đã ký" if signed else ", CHƯA ký",
        signed_en=", signed" if signed else ", NOT signed",
        verifier_vi=_VERIFIER_VI if verifier else "",
        verifier_en=_VERIFIER_EN if verifier else "",
        damaged_vi="" if report.whole else _DAMAGED_VI,
        damaged_en="" if report.whole else _DAMAGED_EN,
    )
