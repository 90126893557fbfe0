import eu.europa.esig.dss.enumerations.Indication;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Judges signed files with what they hold: no revocation list, responder or issuer is looked up.
 *
 * <p>Arguments: POLICY.xml REPORTS_FOLDER ROOT.pem… -- FILE… . The simple report of the n-th file
 * goes to REPORTS_FOLDER/n.xml. Exit code 1 unless every file has a signature and all its
 * signatures are TOTAL_PASSED.
 */
public final class Judge {
  public static void main(String[] arguments) throws Exception {
    File policy = new File(arguments[0]);
    Path reports = Path.of(arguments[1]);
    CommonTrustedCertificateSource roots = new CommonTrustedCertificateSource();
    int next = 2;
    for (; !arguments[next].equals("--"); next++) {
      roots.addCertificate(DSSUtils.loadCertificate(new File(arguments[next])));
    }
    boolean passed = true;
    for (int n = 0; ++next < arguments.length; n++) {
      CommonCertificateVerifier verifier = new CommonCertificateVerifier();
      verifier.setTrustedCertSources(roots);
      verifier.setAIASource(null);
      SignedDocumentValidator validator =
          SignedDocumentValidator.fromDocument(new FileDocument(arguments[next]));
      validator.setCertificateVerifier(verifier);
      Reports found = validator.validateDocument(policy);
      Files.writeString(reports.resolve(n + ".xml"), found.getXmlSimpleReport());
      SimpleReport simple = found.getSimpleReport();
      passed &= simple.getSignaturesCount() > 0;
      for (String id : simple.getSignatureIdList()) {
        passed &= simple.getIndication(id) == Indication.TOTAL_PASSED;
      }
    }
    System.exit(passed ? 0 : 1);
  }
}
