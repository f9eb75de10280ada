"""Sidecars in the conventions of editors: the forms are theirs, the values made up."""

from __future__ import annotations

DARKTABLE = b"""<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:exif="http://ns.adobe.com/exif/1.0/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
    xmlns:darktable="http://darktable.sf.net/"
   exif:DateTimeOriginal="2024:05:01 12:30:00.000"
   xmp:Rating="0"
   xmpMM:DerivedFrom="DSC_0012.NEF"
   darktable:xmp_version="5"
   darktable:raw_params="0"
   darktable:auto_presets_applied="1"
   darktable:history_end="2"
   darktable:iop_order_version="4"
   darktable:history_basic_hash="f0a1">
   <darktable:masks_history>
    <rdf:Seq>
     <rdf:li
      darktable:mask_num="0"
      darktable:mask_id="1714563000"
      darktable:mask_type="4"
      darktable:mask_name="brush #1"
      darktable:mask_points="gz02eJxjYGBgYAFiCQYYOOHEgAZY0QVwggZ7CB6pfOygYtaVYyYFyA=="
      darktable:mask_nb="2"
      darktable:mask_src="0000000000000000"/>
    </rdf:Seq>
   </darktable:masks_history>
   <darktable:history>
    <rdf:Seq>
     <rdf:li
      darktable:num="0"
      darktable:operation="exposure"
      darktable:enabled="1"
      darktable:modversion="6"
      darktable:params="00000000000080bf0000a040"
      darktable:blendop_params="gz08eJxjYGBgYAFiCQYYOOHEgAYEYs="/>
     <rdf:li
      darktable:num="1"
      darktable:operation="filmicrgb"
      darktable:enabled="1"/>
    </rdf:Seq>
   </darktable:history>
   <dc:subject>
    <rdf:Seq>
     <rdf:li>darktable|format|nef</rdf:li>
    </rdf:Seq>
   </dc:subject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""

DIGIKAM = b"""<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 5.5.0">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
   digiKam:PickLabel="0"
   digiKam:ColorLabel="0"
   MicrosoftPhoto:Rating="75"
   xmp:Rating="4">
   <digiKam:TagsList>
    <rdf:Seq>
     <rdf:li>People/Ada</rdf:li>
    </rdf:Seq>
   </digiKam:TagsList>
   <dc:description>
    <rdf:Alt>
     <rdf:li xml:lang="x-default">By the &lt;sea&gt; &amp; back</rdf:li>
     <rdf:li xml:lang="de">Am Meer</rdf:li>
    </rdf:Alt>
   </dc:description>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""

LIGHTROOM = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0-c000 1.000000        ">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:xmpDM="http://ns.adobe.com/xmp/1.0/DynamicMedia/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
    xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
   xmp:MetadataDate="2024-05-03T10:00:00+02:00"
   xmp:Rating="3"
   xmpDM:pick="0"
   photoshop:SidecarForExtension="NEF"
   crs:Version="16.2"
   crs:Exposure2012="+0.35"
   crs:HasSettings="True">
   <xmpMM:History>
    <rdf:Seq>
     <rdf:li
      stEvt:action="saved"
      stEvt:changed="/metadata"/>
    </rdf:Seq>
   </xmpMM:History>
   <crs:ToneCurvePV2012>
    <rdf:Seq>
     <rdf:li>0, 0</rdf:li>
     <rdf:li>255, 255</rdf:li>
    </rdf:Seq>
   </crs:ToneCurvePV2012>
   <crs:Look>
    <rdf:Description
     crs:Name="Adobe Color">
    <crs:Parameters>
     <rdf:Description
      crs:Version="16.2"
      xmp:Rating="1"/>
    </crs:Parameters>
    </rdf:Description>
   </crs:Look>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""

PHOTO_MECHANIC = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\r\n'
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='XMP Core 5.5.0'>\r\n"
    b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\r\n"
    b"\t<rdf:Description rdf:about=''\r\n"
    b"\t\txmlns:photomechanic='http://ns.camerabits.com/photomechanic/1.0/'>\r\n"
    b"\t\t<photomechanic:Prefs>0:0:2:008771</photomechanic:Prefs>\r\n"
    b"\t\t<photomechanic:Tagged>False</photomechanic:Tagged>\r\n"
    b"\t\t<photomechanic:ColorClass>0</photomechanic:ColorClass>\r\n"
    b"\t\t<photomechanic:PMVersion>PM6</photomechanic:PMVersion>\r\n"
    b"\t</rdf:Description>\r\n"
    b"\t<rdf:Description rdf:about=''\r\n"
    b"\t\txmlns:xap='http://ns.adobe.com/xap/1.0/'>\r\n"
    b"\t\t<xap:Rating>2</xap:Rating>\r\n"
    b"\t</rdf:Description>\r\n"
    b"</rdf:RDF>\r\n"
    b"</x:xmpmeta>\r\n" + b" " * 400 + b"\r\n<?xpacket end='w'?>"
)

CAPTURE_ONE = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand in the form of Capture One -->
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 5.4.0">
   <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description rdf:about=""
            xmlns:xmp="http://ns.adobe.com/xap/1.0/"
            xmlns:lightroom="http://ns.adobe.com/lightroom/1.0/"
            xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/">
         <xmp:Label>Yellow</xmp:Label>
         <xmp:Rating>4</xmp:Rating>
         <lightroom:hierarchicalSubject>
            <rdf:Bag>
               <rdf:li>Places|Bergen</rdf:li>
            </rdf:Bag>
         </lightroom:hierarchicalSubject>
         <Iptc4xmpCore:CreatorContactInfo rdf:parseType="Resource">
            <Iptc4xmpCore:CiEmailWork>ada@example.org</Iptc4xmpCore:CiEmailWork>
         </Iptc4xmpCore:CreatorContactInfo>
      </rdf:Description>
   </rdf:RDF>
</x:xmpmeta>
"""

# Typed nodes, another subject, a default namespace, qualifiers: rare, and allowed.
ODD = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:xmp="urn:somebody-else:">
<thing:Picture xmlns:thing="urn:things:" rdf:about="uuid:12" thing:made='by "hand"'/>
<rdf:Description rdf:about="uuid:12" xmp:Rating="99" xmlns:rushes="urn:another-rushes#" rushes:verdict="none"
><Label xmlns="http://ns.adobe.com/xap/1.0/"><rdf:Description><rdf:value>Blue</rdf:value>
<q:by xmlns:q="urn:q:">me</q:by>
</rdf:Description></Label></rdf:Description>
</rdf:RDF>"""

ALL = {
    "darktable": DARKTABLE,
    "digikam": DIGIKAM,
    "lightroom": LIGHTROOM,
    "photomechanic": PHOTO_MECHANIC,
    "captureone": CAPTURE_ONE,
    "odd": ODD,
}


def sidecar(properties: str = "", elements: str = "", *, spaces: str = "") -> bytes:
    """Return a sidecar with attributes and elements of the usual namespaces."""
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:xmpDM="http://ns.adobe.com/xmp/1.0/DynamicMedia/"
    xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:photomechanic="http://ns.camerabits.com/photomechanic/1.0/"
    xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/"
    xmlns:darktable="http://darktable.sf.net/"
    {spaces} {properties}>{elements}</rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
""".encode()
